# What documents refer to becomes part of the floor blipd_page: the style sheet always, and the script that node makes of
# the TypeScript here. Nothing is written into the source tree.

set(web ${PROJECT_SOURCE_DIR}/daemon/page/web)
set(made ${CMAKE_BINARY_DIR}/page)
find_program(BLIPD_GZIP gzip REQUIRED)
set(styles ${web}/page.css)
set(script "")

if(BLIPD_PAGE)
  find_program(BLIPD_NODE node)
  find_program(BLIPD_NPM npm)
  if(NOT BLIPD_NODE OR NOT BLIPD_NPM)
    message(FATAL_ERROR "The page's script is made with node and npm, which are not here: install them (Debian: nodejs, npm), "
                        "or set BLIPD_PAGE=OFF for a page without scripts")
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${web}/*.ts ${web}/charts.css ${web}/tsconfig.json)
  set(packages ${web}/package.json ${web}/package-lock.json)
  add_custom_command(
    OUTPUT ${made}/node_modules/.package-lock.json
    COMMAND ${CMAKE_COMMAND} -E copy ${packages} ${made}
    COMMAND ${BLIPD_NPM} ci --ignore-scripts --no-audit --no-fund --loglevel=error
    COMMAND ${CMAKE_COMMAND} -E touch ${made}/node_modules/.package-lock.json
    DEPENDS ${packages}
    WORKING_DIRECTORY ${made}
    COMMENT "Fetching what the page's script is made with"
    VERBATIM)
  add_custom_command(
    OUTPUT ${made}/out/page.js ${made}/out/page.css
    COMMAND ${CMAKE_COMMAND} -E copy ${sources} ${made}
    COMMAND ${made}/node_modules/.bin/esbuild main.ts --bundle --minify --format=iife --target=es2022 --log-level=warning
            --outfile=out/page.js
    DEPENDS ${sources} ${made}/node_modules/.package-lock.json
    WORKING_DIRECTORY ${made}
    COMMENT "Bundling the page's script"
    VERBATIM)
  list(APPEND styles ${made}/out/page.css)
  set(script ${made}/out/page.js)
  # What the script's types say of it: `./dev check`.
  add_custom_target(blipd_page_types
    COMMAND ${CMAKE_COMMAND} -E copy ${sources} ${made}
    COMMAND ${made}/node_modules/.bin/tsc --noEmit
    DEPENDS ${made}/node_modules/.package-lock.json ${sources}
    WORKING_DIRECTORY ${made}
    COMMENT "Checking the types of the page's script"
    VERBATIM)
  # Those parts of it that need no browser: `./dev check` as well. Bundled, because node knows no types.
  set(script_tests ${PROJECT_SOURCE_DIR}/tests/unit/page/script)
  file(GLOB tests CONFIGURE_DEPENDS ${script_tests}/*.test.mjs)
  add_custom_target(blipd_page_tests
    COMMAND ${CMAKE_COMMAND} -E rm -rf tests
    COMMAND node_modules/.bin/esbuild ${tests} --bundle --platform=node --format=esm --out-extension:.js=.mjs
            --log-level=warning --outdir=tests
    COMMAND ${CMAKE_COMMAND} -E env BLIPD_SOURCE_DIR=${PROJECT_SOURCE_DIR} ${BLIPD_NODE} --test
            --test-reporter=spec tests
    DEPENDS ${made}/node_modules/.package-lock.json
    WORKING_DIRECTORY ${made}
    COMMENT "Testing the page's script"
    VERBATIM)
endif()

file(MAKE_DIRECTORY ${made})
add_custom_command(
  OUTPUT ${made}/assets_data.cpp
  COMMAND ${CMAKE_COMMAND} -DOUT=${made}/assets_data.cpp "-DSTYLE=${styles}" -DSCRIPT=${script} -DGZIP=${BLIPD_GZIP}
          -P ${web}/embed.cmake
  DEPENDS ${styles} ${script} ${web}/embed.cmake
  COMMENT "Embedding the page's style and script"
  VERBATIM)
target_sources(blipd_page PRIVATE ${made}/assets_data.cpp)
