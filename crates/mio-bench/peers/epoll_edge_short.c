#define EDGE 1
#define SHORT_READ 1
#include "epoll.h"
