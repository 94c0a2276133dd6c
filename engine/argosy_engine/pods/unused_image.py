"""Say when a command failed because its image is not used on this machine.

As a process, a command runs beside the user's own programs, without the image that the pipeline
names. What a component finds only in its image is missing here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

USE_IMAGE: Final = "run the pipeline with '--runner docker' or '--runner podman', or on a cluster"
"""What to do where a command needs its image."""
_PLAIN_PYTHON: Final = re.compile(r"(?:.*/)?python:[\w.-]+")
"""An image that has nothing but Python and its standard library."""
_MODULE: Final = re.compile(r"No module named '(\w+)")
_FILE: Final = re.compile(r"can't open file '([^']+)'")
_NO_COMMAND: Final = re.compile(r"exit code 127 \(a shell did not find a command\)")
_COMPONENTS: Final = re.compile(r"No components? found in|kfp_config\.ini")


def explain_unused_image(message: str, image: str, argv: Sequence[str]) -> str:
    """Return the message of a command that failed, with what its image has to do with it.

    Args:
        message: One sentence.
        image: The image that the pipeline names; may be empty.
        argv: The command. That of a Python component, which can list packages, runs the SDK.
    """
    module = _MODULE.search(message)
    if module is not None and any("executor_main" in word for word in argv):
        package = f"list the package that has '{module[1]}' in 'packages_to_install'"
        if not image or _PLAIN_PYTHON.fullmatch(image):
            return f"{message}; {package}"
        return f"{message}; image '{image}' is not used here: {package}, or {USE_IMAGE}"
    if image and (module is not None or _FILE.search(message) or _COMPONENTS.search(message)):
        return f"{message}; image '{image}', which has the code, is not used here: {USE_IMAGE}"
    if image and _NO_COMMAND.search(message):
        return (
            f"{message}; image '{image}' is not used here: "
            f"install the command and put it on PATH, or {USE_IMAGE}"
        )
    return message
