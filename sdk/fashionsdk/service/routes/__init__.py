"""What can be asked over HTTP, a file for each subject."""

from fashionsdk.service.routes._attributes import router as attributes
from fashionsdk.service.routes._documented import REFERENCE
from fashionsdk.service.routes._health import router as health
from fashionsdk.service.routes._items import router as items
from fashionsdk.service.routes._labels import router as labels
from fashionsdk.service.routes._photos import router as photos
from fashionsdk.service.routes._pictures import router as pictures
from fashionsdk.service.routes._predictions import router as predictions
from fashionsdk.service.routes._search import router as search
from fashionsdk.service.routes._writes import router as writes
from fashionsdk.service.routes.open_inference import router as open_inference

ROUTERS = (health, attributes, search, photos, items, writes, pictures, predictions, labels, open_inference)

__all__ = ["REFERENCE", "ROUTERS"]
