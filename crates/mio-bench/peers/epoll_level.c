#define EDGE 0
#define SHORT_READ 0
#include "epoll.h"
