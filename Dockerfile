# Saccade in one image. Runs on the CPU, and on a GPU that the container is given.
# Without PIP_EXTRA_INDEX_URL pip takes the CUDA build of torch (several gigabytes); the README says
# how to name PyTorch's CPU index instead.
FROM python:3.13-slim

ARG PIP_EXTRA_INDEX_URL=""
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 SACCADE_HOME=/data SACCADE_TOKEN=auto

WORKDIR /app
COPY . .
RUN PIP_EXTRA_INDEX_URL="$PIP_EXTRA_INDEX_URL" \
    pip install --no-cache-dir --disable-pip-version-check -e . -c constraints.txt \
    && useradd --uid 1000 --create-home saccade \
    && install -d -o saccade -g saccade /data

USER saccade
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 CMD ["python", "-c", \
    "from http.client import HTTPConnection as C; c = C('127.0.0.1', 8000, timeout=4); \
c.request('GET', '/api/health'); raise SystemExit(c.getresponse().status >= 500)"]
ENTRYPOINT ["saccade"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000", "--no-browser"]
