# The mock as a container: docker build -t troth . && docker run --rm -p 8000:8000 troth
# Your document: docker run --rm -p 8000:8000 -v "$PWD:/api:ro" troth /api/openapi.yaml --watch

FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md ./
COPY contract contract
COPY mock mock
COPY spec spec
RUN python -m venv /troth && /troth/bin/pip install --no-cache-dir --constraint constraints.txt .

FROM python:3.13-slim
COPY --from=build /troth /troth
ENV PATH=/troth/bin:$PATH PYTHONUNBUFFERED=1 TROTH_CACHE=off
USER 10001:10001
WORKDIR /api
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
ENTRYPOINT ["troth", "mock", "--host", "0.0.0.0"]
