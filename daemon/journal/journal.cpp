#include "daemon/journal/journal.hpp"
