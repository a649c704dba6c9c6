FROM minio/minio:RELEASE.2025-10-15T17-29-55Z
ENV MINIO_ROOT_PASSWORD=minioadmin
CMD ["server", "/data"]
