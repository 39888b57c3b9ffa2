"""Reads which devices a server computes on: one, or several of a kind, as PaddleX writes them."""

from __future__ import annotations

from inkstream_server.engines.engine import Device
from inkstream_server.engines.faults import DeviceUnknown


def parse_devices(text: str) -> tuple[Device, ...]:
    """Read "cpu", "gpu", "gpu:1" or "gpu:0,1". Raises DeviceUnknown."""
    kind, colon, indices = text.partition(":")
    devices = tuple(Device.parse(f"{kind}{colon}{index}") for index in indices.split(","))
    if len(set(devices)) < len(devices):
        raise DeviceUnknown(f"device {text!r} names one of them twice", device=text)
    return devices
