# One image for every role: `allod serve api|worker|scheduler`, `allod migrate`.
FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/allod
COPY requirements-connectors.lock /src/
RUN /opt/allod/bin/pip install --require-hashes -r /src/requirements-connectors.lock
COPY . /src/
RUN /opt/allod/bin/pip install --no-deps --no-build-isolation /src

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --user-group --home-dir /var/lib/allod --create-home allod
COPY --from=build /opt/allod /opt/allod
ENV PATH=/opt/allod/bin:$PATH PYTHONUNBUFFERED=1 ALLOD_DATA_DIR=/var/lib/allod
USER 10001:10001
WORKDIR /var/lib/allod
EXPOSE 8000
ENTRYPOINT ["allod"]
CMD ["--help"]
