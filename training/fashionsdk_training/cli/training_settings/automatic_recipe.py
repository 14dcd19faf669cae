"""``--recipe auto``: which recipe suits the device and the photos."""

AUTO = "auto"
GPU_PHOTOS = 1000  # training photos from which on a GPU trains the larger network; a judgement, not a measurement


def choose_recipe(device: str, photos: int) -> tuple[str, str]:
    """Return a recipe's name, and the reason in words.

    Args:
        device: ``cpu`` or ``cuda``.
        photos: how many are trained on.
    """
    if device == "cpu":
        return "cam_cpu", "the device is a CPU"
    if photos < GPU_PHOTOS:
        return "cam_cpu", f"{photos} training photos, fewer than {GPU_PHOTOS}, for which its small network suffices"
    return "cam_gpu", f"the device is a GPU, and there are {photos} training photos, {GPU_PHOTOS} or more"
