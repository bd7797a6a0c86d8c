# One image for web, worker, beat and the one-shot preparation; the command decides.
FROM python:3.13-slim AS build
ENV UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir uv
WORKDIR /app
COPY pyproject.toml .python-version ./
RUN uv sync --no-dev

FROM python:3.13-slim
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=coordination.settings
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin continuum \
    && install --directory --owner=continuum /mails /audit
WORKDIR /app
COPY --from=build /app/.venv .venv
COPY . .
USER continuum
EXPOSE 8000
CMD ["granian", "coordination.wsgi:application", "--interface=wsgi", "--host=0.0.0.0", \
     "--port=8000", "--workers=2", "--blocking-threads=1", "--no-ws", \
     "--http1-header-read-timeout=10000", "--respawn-failed-workers"]
