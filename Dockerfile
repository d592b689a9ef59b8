# One image for servers and engines: `datavc serve` by default, `datavc engine` where it is told.
ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS build
COPY . /source
RUN python3 -m venv --without-pip /opt/datavc \
    && python3 -m pip --python /opt/datavc/bin/python3 install --no-cache-dir \
        "/source[server,s3,postgres,docker,secrets,jsonnet,gateway,oidc]"

FROM ${PYTHON_IMAGE}
COPY --from=build /opt/datavc /opt/datavc
ENV PATH=/opt/datavc/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DATAVC_HOME=/var/lib/datavc
# By number, so that a cluster sees that it is not root; nothing needs a name for it.
RUN mkdir -p /var/lib/datavc && chown 10001:10001 /var/lib/datavc
USER 10001:10001
VOLUME /var/lib/datavc
EXPOSE 8250
ENTRYPOINT ["datavc"]
# Listens on all addresses, so it asks for a token: mount one there.
CMD ["serve", "--host", "0.0.0.0", "--token-file", "/run/secrets/token"]
