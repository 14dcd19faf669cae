"""What shops export: rows of products and their variants, with the addresses of photos. Nothing is downloaded."""

from fashionsdk.labels.formats.shops._merchant_feed import is_merchant_feed, merchant_rows
from fashionsdk.labels.formats.shops._shopify import is_shopify_export, shopify_rows

__all__ = ["is_merchant_feed", "is_shopify_export", "merchant_rows", "shopify_rows"]
