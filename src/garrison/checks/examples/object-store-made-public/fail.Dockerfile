FROM minio/mc:RELEASE.2025-08-13T08-35-41Z
ENTRYPOINT ["sh", "-c"]
CMD ["mc mb --ignore-existing artifacts/models && mc anonymous set download artifacts/models"]
