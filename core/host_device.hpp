// Marks functions that the host compiler and a CUDA compiler build from the same source.
#pragma once

#if defined(__CUDACC__)
#define PRL_HOST_DEVICE __host__ __device__
#else
#define PRL_HOST_DEVICE
#endif

// Marks a function that is inlined however large it is: a call within a loop keeps the loop from being vectorised.
#if defined(__GNUC__) || defined(__clang__)
#define PRL_ALWAYS_INLINE [[gnu::always_inline]]
#else
#define PRL_ALWAYS_INLINE
#endif
