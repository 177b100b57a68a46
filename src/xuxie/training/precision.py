"""Mixed precision: where NVIDIA's apex.amp used to serve, torch.amp does now.

Weights and optimizer states stay in fp32; matrix products run in bf16 or fp16 under `autocast`, softmax
and loss in fp32. fp16's narrow range needs its loss scaled, or small gradients become zero; bf16's does
not. apex's O0 is fp32 here, O1 and O2 are bf16 or fp16.
"""

from contextlib import AbstractContextManager

import torch


class Precision:
    """How to compute on a device: the type for matrix products and the gradient scaler.

    `name` is "auto", "fp32", "bf16" or "fp16"; auto takes what the hardware multiplies fastest: bf16
    where it knows it, else fp16 on CUDA and fp32 on a CPU.
    """

    def __init__(self, name: str, device: torch.device) -> None:
        self.name = choose(device) if name == "auto" else name
        self.device = device
        self.dtype = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[self.name]
        self.scaler = torch.amp.GradScaler(device.type, enabled=self.name == "fp16")
        self.scaler.scale(
            torch.zeros(1, device=device)
        )  # it must know its scale even where nothing is learned

    def autocast(self) -> AbstractContextManager[None]:
        """Run a forward pass inside this."""
        return torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32)


def choose(device: torch.device) -> str:
    """The precision for a device."""
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
    capabilities = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return "bf16" if any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16")) else "fp32"


def best_device() -> torch.device:
    """CUDA where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
