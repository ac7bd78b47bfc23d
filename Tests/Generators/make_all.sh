#!/bin/bash
# Writes every fixture again, byte for byte as committed if the versions are those of
# requirements.txt: make_all.sh [PYTHON]
set -euo pipefail
cd "$(dirname "$0")"
export TORCHDYNAMO_DISABLE=1 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
generators="tensors quantization gguf_blocks gguf_files fake_quantization half_values linear_algebra operations
  activations layers llama families gguf_models peft_adapters text_encoder optimizers loqt methods digits
  metrics functions numpy_table"
for generator in $generators; do
  "${1:-python3}" "$generator.py"
done
