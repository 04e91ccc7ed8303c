"""placeholder review"""

from dashboard.web.components.blocks import heading, show
from dashboard.web.state import here

context = here()
show(heading("review", "question"))
