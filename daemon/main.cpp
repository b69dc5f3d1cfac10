#include "daemon/app/app.hpp"

int main(int argc, char** argv) { return blipd::app::main(argc, argv); }
