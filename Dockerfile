# The service without a store: EXECUTION_STORE_URL (or _FILE) says where its Redis or Valkey is, and must.
#
# PYTHON_IMAGE is any image with python3 (3.11 or newer) with its venv, useradd and sleep; `make image-test` makes one
# from Debian packages. Nothing is written but to the store, so the root may be read-only.
ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS build
COPY . /source
# Without pip and what only developers read, there is less that could be wrong with the image.
RUN python3 -m venv /opt/execution && python3 -m venv /opt/build \
    && /opt/build/bin/python -m pip wheel --no-cache-dir --no-deps --wheel-dir /wheels /source/clients/python /source \
    && /opt/execution/bin/python -m pip install --no-cache-dir /wheels/*.whl \
    && /opt/execution/bin/python -m pip uninstall --yes pip setuptools \
    && find /opt/execution -name '*.pyi' -delete

FROM ${PYTHON_IMAGE}
COPY --from=build /opt/execution /opt/execution
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin execution
USER 10001:10001
ENV PATH=/opt/execution/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    EXECUTION_LISTEN=0.0.0.0:50051 \
    EXECUTION_REQUIRE_STORE_URL=1
EXPOSE 50051
ENTRYPOINT ["execution-server"]
CMD ["serve"]
