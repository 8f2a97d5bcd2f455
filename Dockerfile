# An image that serves an application over HTTP/3: `docs/deploy/container.md` says how.
#
#     docker build --tag h3producer .
#
# BASE may be any image with Python 3.11 or newer.
ARG BASE=docker.io/library/python:3.13-slim

FROM ${BASE} AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY h3producer ./h3producer
# Into the place where it will be: scripts of an environment name its directory.
RUN python3 -m venv /opt/h3producer \
    && /opt/h3producer/bin/pip install --no-cache-dir --disable-pip-version-check '.[websocket,metrics]'

FROM ${BASE}
COPY --from=build /opt/h3producer /opt/h3producer
ENV PATH=/opt/h3producer/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    H3PRODUCER_BIND=:4433 \
    H3PRODUCER_CERTFILE=/run/tls/tls.crt \
    H3PRODUCER_KEYFILE=/run/tls/tls.key \
    H3PRODUCER_HEALTH_PATH=/healthz
WORKDIR /app
# A number, since Kubernetes' runAsNonRoot cannot look a name up.
USER 10001:10001
EXPOSE 4433/udp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["h3producer", "get", "--insecure", "--fail", "https://127.0.0.1:4433/healthz"]
ENTRYPOINT ["h3producer"]
