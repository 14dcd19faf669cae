#!/usr/bin/env bash
# Every runtime beside torch.compile, within five minutes of a rented card, installation included.
#
#   benchmarks/gpu.sh [--device cuda|cpu] [--quick] [--bundles "BUNDLE ..."] [--out FOLDER]
#
# Make the bundles before, on a machine that costs nothing, and copy the checkout with its folder runs/:
#   python benchmarks make_bundle --recipe asen_v2_paper --precisions fp32 fp16 --out runs/r50
#   python benchmarks make_bundle --recipe asen_v2_cpu --side 160 --precisions fp32 fp16 --out runs/lite0
# What is missing of them is made here, which takes minutes. FASHIONSDK_PYTHON names a Python that has everything
# installed; without it an environment .venv-card is made. Rows are printed as they are measured, and written to FOLDER
# (default: benchmarks/results) as JSON lines and as a dated table. --device cpu --quick proves the script without a card.
set -euo pipefail
cd "$(dirname "$0")/.."

device=cuda quick="" bundles="runs/r50/bundle runs/lite0/bundle" out=benchmarks/results
while [ $# -gt 0 ]; do
    case $1 in
    --device) device=$2; shift 2 ;;
    --quick) quick=--quick; shift ;;
    --bundles) bundles=$2; shift 2 ;;
    --out) out=$2; shift 2 ;;
    -h | --help) sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "gpu.sh: unknown option $1; see --help" >&2; exit 2 ;;
    esac
done
case $device in cpu | cuda) ;; *) echo "gpu.sh: --device is $device; expected cpu or cuda" >&2; exit 2 ;; esac

begin=$(date +%s)
python=${FASHIONSDK_PYTHON:-.venv-card/bin/python}
if [ -z "${FASHIONSDK_PYTHON:-}" ] && [ ! -e .venv-card/installed ]; then
    [ "$device" = cuda ] && extra=gpu || extra=cpu
    python3 -m venv --system-site-packages .venv-card # a rented card's image often has torch for its driver
    .venv-card/bin/python -m pip install --quiet --progress-bar on --editable ".[export,aotinductor,$extra]"
    touch .venv-card/installed
fi

made=()
for bundle in $bundles; do
    if [ ! -e "$bundle/manifest.json" ]; then
        folder=$(dirname "$bundle")
        recipe=asen_v2_paper side=224
        [ "$(basename "$folder")" = lite0 ] && recipe=asen_v2_cpu side=160
        "$python" benchmarks make_bundle --recipe "$recipe" --side "$side" --precisions fp32 fp16 --out "$folder"
    fi
    made+=("$bundle")
done

left=$((280 - ($(date +%s) - begin)))
[ "$left" -gt 60 ] || left=60
[ -z "$quick" ] || left=600
"$python" benchmarks gpu "${made[@]}" --device "$device" $quick --seconds "$left" --out "$out"
