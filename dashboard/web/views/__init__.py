"""What pages show (视图): documents of the queries turned into markup; pure, one file per page."""
