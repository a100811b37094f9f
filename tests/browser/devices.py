"""What people hold in their hands or have on their desks, as Chromium plays it."""

from __future__ import annotations

from typing import Any

DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}}

DARK: dict[str, Any] = {**DESKTOP, "color_scheme": "dark"}

PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 3,
    "is_mobile": True,
    "has_touch": True,
}

NARROW: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"}
"""The narrowest screen that is promised, and dark besides."""

REFLOW: dict[str, Any] = {"viewport": {"width": 320, "height": 256}}
"""WCAG 1.4.10: 1280 by 1024 CSS pixels at 400 % zoom."""

WALL: dict[str, Any] = {"viewport": {"width": 3840, "height": 2160}}
"""4K without scaling."""

DEVICES = {"desktop": DESKTOP, "dark": DARK, "phone": PHONE, "narrow": NARROW}
