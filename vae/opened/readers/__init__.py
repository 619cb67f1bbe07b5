"""The readers, a file each; vae.opened.table lists them."""
