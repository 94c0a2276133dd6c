"""Say when a command failed because its image is not used on this machine.

As a process, a command runs beside the user's own programs, without the image that the pipeline
names. What a component finds only in its image is missing here.
"""

from __future__ import annotations

import re
from typing import Final

USE_IMAGE: Final = "run the pipeline with '--runner docker' or '--runner podman', or on a cluster"
"""What to do where a command needs its image."""
_PLAIN_PYTHON: Final = re.compile(r"(?:.*/)?python:[\w.-]+")
"""An image that has nothing but Python and its standard library."""
_MODULE: Final = re.compile(r"No module named '(\w+)")
_FILE: Final = re.compile(r"can't open file '([^']+)'")
_COMPONENTS: Final = re.compile(r"No components? found in|kfp_config\.ini")


def explain_unused_image(message: str, image: str) -> str:
    """Return the message of a command that failed, with what its image has to do with it.

    Args:
        message: One sentence.
        image: The image that the pipeline names; may be empty.
    """
    module = _MODULE.search(message)
    if module is not None:
        package = f"list the package that has '{module[1]}' in 'packages_to_install'"
        if not image or _PLAIN_PYTHON.fullmatch(image):
            return f"{message}; {package}"
        return f"{message}; image '{image}' is not used here: {package}, or {USE_IMAGE}"
    if image and (_FILE.search(message) or _COMPONENTS.search(message)):
        return f"{message}; image '{image}', which has the code, is not used here: {USE_IMAGE}"
    return message
