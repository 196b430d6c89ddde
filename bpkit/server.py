"""What ``bpkit lab`` changes about JupyterLab, only for its own sessions: how it starts, and how fast it answers."""

from __future__ import annotations

import json
import os
from collections.abc import MutableMapping
from pathlib import Path
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


def quiet(environment: MutableMapping[str, str]) -> None:
    """Let JupyterLab find the kit's defaults: no question about news. What the user has set comes before a default."""
    folders = [environment.get("JUPYTER_CONFIG_PATH", ""), str(Path(__file__).parent / "jupyter")]
    environment["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, folders))


def close_side_bar(workspace: str) -> None:
    """Let a workspace of JupyterLab start with its left side bar closed; the documents that it holds stay open.

    JupyterLab has no setting for that: it shows the files in every workspace that it does not know yet.
    """
    from jupyterlab.labapp import LabWorkspaceImportApp  # takes a while, and a server that runs does not need it

    workspaces = LabWorkspaceImportApp()
    workspaces.initialize([])
    try:
        kept = workspaces.manager.load(workspace)
        layout = kept["data"].setdefault("layout-restorer:data", {})
        left = {**(layout.get("left") or {}), "collapsed": True}
        left.pop("current", None)  # what is shown in it would open it
        layout["left"] = left
        workspaces.manager.save(workspace, json.dumps(kept))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass  # a side bar is not worth a lesson: where nothing can be read or written, JupyterLab starts as it likes
