"""A small gallery file that a test may break."""

import pytest

from fashionsdk.search.stores.file._gallery_file import write_gallery
from tests.sdk.search.stores.file.small_gallery import small


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "shop.gallery"
    write_gallery(path, small())
    return path
