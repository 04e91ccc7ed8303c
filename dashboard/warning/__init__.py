"""Early warnings kept true to the records (投诉早期预警), and what people do about them."""
