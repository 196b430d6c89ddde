"""The kit for a class, on one machine: `jupyterhub -f .deploy/jupyterhub/jupyterhub_config.py`.

As it stands it proves the arrangement, and does for a workshop among people who trust each other: one password for all,
and every user's server runs as the person who started the hub. For a course with marks put the authenticator of your
house in place of `shared-password`, and in place of `simple` a spawner with a system user for each person: it keeps
them apart, and nbgrader files what is handed in under the system's user. The rest stays.
"""

import os
import sys
from pathlib import Path

from bpkit.cli.lessons import bring

c = get_config()  # noqa: F821  (JupyterHub defines it)

here = Path(__file__).resolve().parent
lessons = here.parents[1] / "notebooks"
data = Path(os.environ.get("BPKIT_HUB", "hub")).resolve()  # everything that the hub keeps
data.mkdir(parents=True, exist_ok=True)
port = int(os.environ.get("BPKIT_HUB_PORT", "8000"))

# Who may come in. No password is written here: without one in the environment nobody can log in.
c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = os.environ.get("BPKIT_HUB_PASSWORD") or os.urandom(16).hex()
c.Authenticator.allowed_users = set(os.environ.get("BPKIT_HUB_USERS", "").split())

# A process for each user, in a folder of the user's own, which holds a copy of the lessons.
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = str(data / "users" / "{username}")
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.args = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
c.Spawner.default_url = "/lab/tree/notebooks/00_start_here.ipynb"
c.Spawner.environment = {
    "JUPYTER_PREFER_ENV_PATH": "1",  # the kernel is this environment's
    "JUPYTER_CONFIG_PATH": str(data / "config"),  # where nbgrader finds the course
}
c.Spawner.start_timeout = 120
c.Spawner.http_timeout = 120


def give_lessons(spawner):
    """Copy what a user does not have yet; what was changed stays as it is."""
    bring(lessons, data / "users" / spawner.user.name / "notebooks")


c.Spawner.pre_spawn_hook = give_lessons

# nbgrader: instructors put assignments into the exchange, learners fetch and submit them there.
exchange = data / "exchange"
exchange.mkdir(exist_ok=True)
exchange.chmod(0o777)  # each user writes into it; nbgrader refuses one that is not open to all
(data / "config").mkdir(exist_ok=True)
(data / "config" / "nbgrader_config.py").write_text(
    f'c = get_config()\nc.CourseDirectory.course_id = "bpkit"\nc.Exchange.root = {str(exchange)!r}\n'
)

# On this machine alone; a course puts TLS in front, see JupyterHub's own guide.
c.JupyterHub.bind_url = f"http://127.0.0.1:{port}"
c.JupyterHub.hub_port = port + 1
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{port + 2}"
c.JupyterHub.db_url = f"sqlite:///{data / 'jupyterhub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(data / "cookie_secret")
c.ConfigurableHTTPProxy.pid_file = str(data / "proxy.pid")
c.JupyterHub.cleanup_servers = True

# For programs that start and watch servers, as the test of this configuration does.
if token := os.environ.get("BPKIT_HUB_TOKEN"):
    scopes = ["admin:users", "admin:servers", "access:servers"]
    c.JupyterHub.services = [{"name": "watch", "api_token": token}]
    c.JupyterHub.load_roles = [{"name": "watch", "services": ["watch"], "scopes": scopes}]
