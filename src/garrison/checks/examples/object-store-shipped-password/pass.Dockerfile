FROM minio/minio:RELEASE.2025-10-15T17-29-55Z
CMD ["server", "/data"]
