"""`python -m latent_explorer`: the same as `latent-explorer`."""

from latent_explorer import main

if __name__ == "__main__":
    main()
