# One image for every role: `milepost collector`, `engine`, `console` and all commands. Nothing that builds is in it.
FROM python:3.11-slim-bookworm AS build
WORKDIR /build
COPY deploy/requirements.lock deploy/build.lock ./
RUN python -m venv --without-pip /opt/milepost \
    && pip install --no-cache-dir --root-user-action=ignore --require-hashes -r build.lock \
    && pip --python /opt/milepost/bin/python install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY milepost/ milepost/
COPY domain/ domain/
COPY storage/ storage/
COPY collector/ collector/
COPY rules/ rules/
COPY kpis/ kpis/
COPY close/ close/
COPY alerts/ alerts/
COPY dashboard/ dashboard/
# Built by what build.lock pins, not by the newest of that name.
RUN pip wheel --no-cache-dir --no-build-isolation --no-deps --wheel-dir /wheels . \
    && pip --python /opt/milepost/bin/python install --no-cache-dir --no-deps /wheels/*.whl

FROM python:3.11-slim-bookworm
RUN pip uninstall --yes --root-user-action=ignore pip setuptools wheel \
    && groupadd --gid 10001 milepost \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin milepost \
    && install -d -o milepost -g milepost /var/lib/milepost /run/tokens
COPY --from=build /opt/milepost /opt/milepost
# The root may be read-only: what is written goes to /var/lib/milepost (the spool) and /tmp.
ENV PATH=/opt/milepost/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MILEPOST_SPOOL=/var/lib/milepost/spool
USER 10001:10001
WORKDIR /tmp
EXPOSE 4317 4318 4319 8501
ENTRYPOINT ["milepost"]
CMD ["collector"]
