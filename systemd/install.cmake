# What is installed, and where: `cmake --install build/release` as root, or the Debian package, which does the same into a
# folder of its own. docs/install.md says what then remains to be done without the package.
include(GNUInstallDirs)

set(BLIPD_MANUAL "" CACHE STRING "Whether to make the manual pages: ON, OFF, or empty for when go-md2man is there")

install(TARGETS blipd RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

# The units name the program by its path. One text, 10-sandbox.conf, is for both kinds of unit.
install(CODE "set(from \"${PROJECT_SOURCE_DIR}/systemd\")")
install(CODE [[
  set(to "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/lib/systemd/system")
  foreach(unit blipd.service blipd@.service blipd.socket)
    file(READ "${from}/${unit}" text)
    string(REPLACE "/usr/bin/blipd" "${CMAKE_INSTALL_PREFIX}/bin/blipd" text "${text}")
    file(WRITE "${to}/${unit}" "${text}")
    message(STATUS "Installing: ${to}/${unit}")
  endforeach()
  file(READ "${from}/blipd.service.d/10-sandbox.conf" text)
  string(REPLACE "/usr/bin/blipd" "${CMAKE_INSTALL_PREFIX}/bin/blipd" text "${text}")
  foreach(unit blipd.service blipd@.service)
    file(WRITE "${to}/${unit}.d/10-sandbox.conf" "${text}")
    message(STATUS "Installing: ${to}/${unit}.d/10-sandbox.conf")
  endforeach()
]])
install(FILES systemd/blipd.sysusers DESTINATION lib/sysusers.d RENAME blipd.conf)

# A configuration that is there already is the administrator's. (dpkg looks after that itself, and gets it always.)
install(CODE "set(from \"${PROJECT_SOURCE_DIR}/config\")")
install(CODE [[
  if(NOT EXISTS "$ENV{DESTDIR}/etc/blipd/blipd.yaml")
    file(INSTALL "${from}/blipd.yaml" DESTINATION "/etc/blipd")
  endif()
]])

# For other programs to read.
foreach(folder prometheus alertmanager grafana)
  install(DIRECTORY config/${folder} DESTINATION ${CMAKE_INSTALL_DATADIR}/blipd OPTIONAL)
endforeach()

install(FILES README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
if(BLIPD_PAGE)
  # The page's script contains it.
  install(FILES ${CMAKE_BINARY_DIR}/page/node_modules/uplot/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR}
          RENAME NOTICE.uPlot)
endif()
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md" PATTERN "*.png"
        PATTERN "man" EXCLUDE)
install(DIRECTORY config/examples DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY config/scenarios DESTINATION ${CMAKE_INSTALL_DATADIR}/blipd)

install(FILES daemon/app/completion/blipd.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME blipd)
install(FILES daemon/app/completion/_blipd DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES daemon/app/completion/blipd.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

find_program(BLIPD_MD2MAN go-md2man)
find_program(BLIPD_PYTHON python3)
if(BLIPD_MANUAL STREQUAL "" AND BLIPD_MD2MAN AND BLIPD_PYTHON)
  set(with_manual ON)
else()
  set(with_manual ${BLIPD_MANUAL})
endif()
if(with_manual)
  file(GLOB pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/man/*.md)
  add_custom_command(OUTPUT ${PROJECT_BINARY_DIR}/man/blipd.1
    COMMAND ${BLIPD_PYTHON} ${PROJECT_SOURCE_DIR}/docs/man/make.py ${PROJECT_BINARY_DIR}/man
    DEPENDS ${pages} ${PROJECT_SOURCE_DIR}/docs/man/make.py ${PROJECT_SOURCE_DIR}/docs/configuration.md
            ${PROJECT_SOURCE_DIR}/systemd/debian/changelog
    COMMENT "Making the manual pages" VERBATIM)
  add_custom_target(blipd_manual ALL DEPENDS ${PROJECT_BINARY_DIR}/man/blipd.1)
  foreach(section 1 5)
    install(DIRECTORY ${PROJECT_BINARY_DIR}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section}
            FILES_MATCHING PATTERN "*.${section}")
  endforeach()
endif()
