"""What ``bpkit lab`` changes about JupyterLab's server: a kernel's messages go out at once."""

from __future__ import annotations

from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class PromptConnection(ZMQChannelsWebsocketConnection):
    """The usual connection between a page and its kernel, but nothing small waits for something to go with it.

    A slider's answer is many small messages. The system keeps each back until the one before is acknowledged, and
    that a browser delays by up to 40 milliseconds.
    """

    def connect(self) -> Any:
        self.websocket_handler.set_nodelay(True)
        return super().connect()
