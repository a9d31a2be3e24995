# A grand-challenge container: reads the one image below /input, writes /output/mitotic-figures.json. Needs no network when it runs.
#   docker build -t mitos_mmdet .
#   docker run --rm --network none -v $PWD/in:/input:ro -v $PWD/out:/output mitos_mmdet
FROM python:3.11-slim

# libgl1 and libglib2.0-0: opencv-python.
RUN apt-get update && apt-get install --no-install-recommends -y libgl1 libglib2.0-0 && rm -rf /var/lib/apt/lists/*

# For a container without CUDA, 1 GB instead of 6: --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cpu
ARG TORCH_INDEX=https://pypi.org/simple
RUN pip install --no-cache-dir --index-url ${TORCH_INDEX} torch torchvision

WORKDIR /opt/mitos_mmdet
COPY setup.py pyproject.toml README.md LICENSE model-index.yml ./
COPY configs configs
COPY tools tools
COPY mitos_mmdet mitos_mmdet
RUN pip install --no-cache-dir ".[onedl,cpu,wsi]"
COPY docker/grand_challenge.py /opt/grand_challenge.py

# grand-challenge runs containers as an ordinary user who may write to /output and /tmp only.
RUN useradd --create-home user && mkdir -p /input /output && chown user /output
USER user
WORKDIR /home/user
# Of an image that does not state its pixel size; MIDOG's scanners have 0.23 to 0.25.
ENV MITOS_UM_PER_PX=0.25 MPLCONFIGDIR=/tmp/matplotlib PYTHONUNBUFFERED=1
ENTRYPOINT ["python", "/opt/grand_challenge.py"]
