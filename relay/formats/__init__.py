"""How others write things: text, JSON, XML, forms, money, times, and what people set. Pure, and known to everybody."""
