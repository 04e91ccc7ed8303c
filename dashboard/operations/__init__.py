"""Operating an installation (运维): making one, examining it, saving it and bringing it back."""
