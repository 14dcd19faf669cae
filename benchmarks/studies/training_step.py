"""What does a training step cost on this machine's CPU, and what does keeping depthwise convolutions in float32 save?

python benchmarks training_step
"""

import argparse
import json

import torch
from torch import nn

from fashionsdk_training.config import ModelConfig
from fashionsdk_training.loop import keep_depthwise_float32
from fashionsdk_training.models import build_model
from harness.measure import measure
from harness.this_machine import machine

ATTRIBUTES = 8


class Step:
    """Forward and backward of one batch."""

    def __init__(self, images: torch.Tensor, *, bfloat16: bool, kept: bool) -> None:
        torch.manual_seed(0)
        self.model: nn.Module = build_model(ModelConfig(), ATTRIBUTES).train().to(memory_format=torch.channels_last)
        self.images, self.bfloat16 = images, bfloat16
        if kept:
            keep_depthwise_float32(self.model)

    def __call__(self) -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
            embeddings = self.model(self.images).embeddings
        embeddings.float().pow(2).sum().backward()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--side", type=int, default=160)
    parser.add_argument("--calls", type=int, default=10)
    args = parser.parse_args()
    images = torch.randint(0, 256, (args.batch_size, args.side, args.side, 3), dtype=torch.uint8)
    variants = {
        "float32": Step(images, bfloat16=False, kept=False),
        "bfloat16": Step(images, bfloat16=True, kept=False),
        "bfloat16, depthwise in float32": Step(images, bfloat16=True, kept=True),
    }
    for name, latency in measure(variants, warmup=2, calls=args.calls).items():
        photo = round(latency.p50 / args.batch_size, 2)
        print(json.dumps({"variant": name, "milliseconds a photo": photo, "calls": latency.calls}))
    print(json.dumps(machine("torch", "timm")))


if __name__ == "__main__":
    main()
