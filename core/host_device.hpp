// Marks functions that the host compiler and a CUDA compiler build from the same source.
#pragma once

#if defined(__CUDACC__)
#define PRL_HOST_DEVICE __host__ __device__
#else
#define PRL_HOST_DEVICE
#endif
