#include "loqt_kernels.h"
