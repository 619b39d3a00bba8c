#define EDGE 1
#define SHORT_READ 0
#include "epoll.h"
