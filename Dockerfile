# The relay from hash-locked packages. The final image holds Python and the relay, and nothing to build with.

# The full image: where a platform has no wheel of a package, it is compiled here.
FROM python:3.11-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
RUN python -m venv --without-pip /opt/relay

COPY requirements.lock ./
RUN pip --python /opt/relay/bin/python install --require-hashes -r requirements.lock

# What makes a wheel of the relay itself is in the developers' lock alone, and stays in this stage.
COPY requirements-dev.lock ./
RUN awk '/^[a-z]/ { kept = /^(hatchling|packaging|pathspec|pluggy|tomlkit|trove-classifiers)==/ } kept' \
        requirements-dev.lock > backend.lock \
    && pip install --require-hashes -r backend.lock

COPY pyproject.toml README.md LICENSE ./
COPY schemas ./schemas
COPY relay ./relay
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /dist . \
    && pip --python /opt/relay/bin/python install --no-deps /dist/*.whl


FROM python:3.11-slim-trixie
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin relay \
    && install --directory --owner relay --group relay --mode 700 /data
COPY --from=build /opt/relay /opt/relay
ENV PATH=/opt/relay/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    RELAY_DATA_DIR=/data
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["relay"]
CMD ["web", "--host", "0.0.0.0"]
