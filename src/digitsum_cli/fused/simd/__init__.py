"""The SIMD layer of the compiled code: the processor's vector instructions, and the functions built on them."""
