r"""PIMA in pure torch.

| symbol | meaning | in the code | equation |
|---|---|---|---|
| $X_m$ | measurement of modality m, in model units | `values[name]` | 2 |
| $s_j, v_j$ | share of a feature that was measured, and its own variance | `certainty[name]`: `weight`, `variance` | |
| $w_m$ | 1 where modality m was measured and kept | `present[name]` | 5, section 2.5 |
| $F_m$ | encoder | `encoders` | 3 |
| $\mu_m, \sigma_m^2$ | unimodal posterior q(Z_m\|X_m) | `encode(...)`: `mean`, `log_variance` | 3 |
| $\mu, \sigma^2$ | multimodal posterior q(Z\|X) | `embed(...)` | 4, 5 |
| $\pi$ | mixture weights | `prior.log_weights` | 7 |
| $\tilde\mu_c, \tilde\sigma_c^2$ | cluster mean and variance | `prior.mean`, `prior.log_variance` | 8, 15 |
| $G_{m,c}$ | decoder | `decoders` | 10 |
| $\mathcal E_{m,c}, \hat\theta_{m,c}$ | expert, its parameters | `experts`, `theta` | 11, 16 |
| $\hat\mu_{m,c}, \hat\sigma_{m,c}^2$ | decoded mean and variance | a decoder's `mean`, `log_variance` | 9 |
| $\gamma_c$ | responsibilities | `responsibilities`, `mean_field_responsibilities` | 14 |
| $\mathcal L$ | evidence lower bound | `elbo` | 1, 13 |

Axes: seed (independent members trained together), modality, specimen, cluster, latent, feature (a coordinate of a
modality in model units). Every function is a closed form or one draw; none knows files, units or tables.
"""

from fingerprint.model.certainty import CERTAIN, Certainties, Certainty
from fingerprint.model.elbo import ELBO
from fingerprint.model.gaussian import Gaussian
from fingerprint.model.pima import PIMA
from fingerprint.model.shape import ModalityShape

__all__ = ["CERTAIN", "ELBO", "PIMA", "Certainties", "Certainty", "Gaussian", "ModalityShape"]
