# Image for container schedulers. Build and run it with
#   docker build -t spotify-source .
#   docker run -v spotify:/data -e SOURCES__SPOTIFY__CLIENT_ID -e SOURCES__SPOTIFY__CLIENT_SECRET spotify-source load
# The database and dlt's files are in /data. To pin the base image, add its digest: FROM python:3.13-slim@sha256:...

FROM python:3.13-slim AS build
WORKDIR /src
COPY . .
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir -c constraints.txt .

FROM python:3.13-slim
RUN useradd --uid 10001 --no-create-home --home-dir /data loader \
    && install --directory --owner=loader /data
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH \
    DLT_DATA_DIR=/data/.dlt-data \
    PYTHONUNBUFFERED=1 \
    RUNTIME__DLTHUB_TELEMETRY=false
USER 10001
WORKDIR /data
VOLUME /data
# On SIGTERM, the run loads the fetched albums and exits with 75. Allow some time: docker stop --time 60.
ENTRYPOINT ["spotify-source"]
CMD ["load"]
