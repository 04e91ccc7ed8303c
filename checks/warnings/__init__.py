"""Early warnings (投诉早期预警): open records about to breach or handled badly, before the customer complains."""
