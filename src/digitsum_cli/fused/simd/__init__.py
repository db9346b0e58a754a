"""The vector layer under the compiled code: instructions of the processor, and what is built of them."""
