"""FashionAI's eight attributes, each with as many values as there, all of which can be drawn.

One value of each attribute in FashionAI is "invisible". Here it is replaced by one that can be drawn.
"""

from fashionsdk.attributes import Attribute

# Lengths in body units (see body.py). A hem lies within HEM_SLACK of its value's level, so that the ranges of
# neighbouring values leave a gap of more than twice their width.
HEM_SLACK = 0.09
SKIRT_HEMS = {"micro": 2.65, "short": 3.2, "knee": 3.8, "midi": 4.4, "ankle": 4.95, "floor": 5.55}
PANT_HEMS = {"micro": 2.75, "short": 3.3, "mid": 3.9, "three_quarter": 4.45, "cropped": 4.95, "full": 5.45}
COAT_HEMS = {
    "high_waist": 1.35,
    "regular": 1.95,
    "long": 2.55,
    "micro": 3.15,
    "knee": 3.75,
    "midi": 4.35,
    "ankle": 4.95,
    "floor": 5.55,
}
# Along the arm: 0 is the shoulder, 1 the wrist, 1.24 the fingertips.
SLEEVE_SLACK = 0.02
SLEEVE_ENDS = {
    "sleeveless": 0.0,
    "cup": 0.12,
    "short": 0.29,
    "elbow": 0.46,
    "three_quarter": 0.64,
    "bracelet": 0.81,
    "wrist": 0.965,
    "long": 1.12,
    "extra_long": 1.42,
}
# With these necklines the arms are bare, so there is no sleeve length.
BARE_ARMS = ("strapless", "off_shoulder", "one_shoulder", "halter")

ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute("skirt_length", tuple(SKIRT_HEMS)),
    Attribute("sleeve_length", tuple(SLEEVE_ENDS)),
    Attribute("coat_length", tuple(COAT_HEMS)),
    Attribute("pant_length", tuple(PANT_HEMS)),
    Attribute("collar_design", ("shirt", "peter_pan", "puritan", "rib", "bow")),
    Attribute("lapel_design", ("notched", "peaked", "shawl", "plus_size_shawl", "collarless")),
    Attribute("neckline_design", ("round", "v", "deep_v", "square", "straight", "sweetheart", *BARE_ARMS)),
    Attribute("neck_design", ("turtle", "low_turtle", "ruffle_semi_high", "draped", "hooded")),
)
