"""A service of fakes for a real server: `granian --interface wsgi tests.app.served:app`."""

import dataclasses
import os

from app.shared_metrics import VARIABLE, shared_folder

# Before prometheus_client is imported, as app.wsgi does it.
os.environ.setdefault(VARIABLE, str(shared_folder()))

import numpy as np

from app.factory import create_app
from app.metrics import Metrics
from app.reference import BINS, Reference
from app.service import Service
from app.settings import Settings
from tests.app.fakes import MODEL, SCHEMA, FakeChampion

INNER = np.arange(1.0, BINS)
REFERENCE = Reference((INNER,) * len(SCHEMA.columns), INNER)

metrics = Metrics()
metrics.served([(MODEL.name, MODEL.version, MODEL.run_id)])
metrics.start()
model = dataclasses.replace(MODEL, reference=REFERENCE)
app = create_app(Service(Settings(), FakeChampion(model), metrics))
