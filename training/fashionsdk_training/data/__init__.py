"""Training data: labelled photos, their cache, random changes, and samplers that choose batches."""

from fashionsdk_training.data.augmentation import Augmentation
from fashionsdk_training.data.cache_digests import photo_stamp
from fashionsdk_training.data.listed_triplets import ListedTripletSampler, TripletData, load_triplet_data
from fashionsdk_training.data.photo_cache import PhotoCache, cache_photos
from fashionsdk_training.data.photo_sampler import PhotoSampler
from fashionsdk_training.data.same_bytes import equal_files
from fashionsdk_training.data.sampling import Draw, GroupSampler, Sampler, TripletSampler
from fashionsdk_training.data.split_leaks import check_products_differ, check_splits_differ
from fashionsdk_training.data.training_data import TrainingData, load_photos, load_training_data
from fashionsdk_training.data.training_labels import TrainingLabels, read_training_labels
from fashionsdk_training.data.view import View

__all__ = [
    "Augmentation",
    "Draw",
    "GroupSampler",
    "ListedTripletSampler",
    "PhotoCache",
    "PhotoSampler",
    "Sampler",
    "TrainingData",
    "TrainingLabels",
    "TripletData",
    "TripletSampler",
    "View",
    "cache_photos",
    "check_products_differ",
    "check_splits_differ",
    "equal_files",
    "load_photos",
    "load_training_data",
    "load_triplet_data",
    "photo_stamp",
    "read_training_labels",
]
