"""Many packs at once: answers once per client, then its notebooks in kernels on all cores.

A client or a page that cannot be made never stops another; what went wrong stands in the results,
in the partial page and in the front pages.
"""

from cssm_lib.batch.jobs import Job, client_dirs, jobs_from_file, jobs_from_folders
from cssm_lib.batch.making import Settings
from cssm_lib.batch.notebooks import find_notebooks, notebook_folder, pages_asked, read_notebook
from cssm_lib.batch.running import Made, run
from cssm_lib.batch.told import Told

__all__ = [
    "Job",
    "Made",
    "Settings",
    "Told",
    "client_dirs",
    "find_notebooks",
    "jobs_from_file",
    "jobs_from_folders",
    "notebook_folder",
    "pages_asked",
    "read_notebook",
    "run",
]
