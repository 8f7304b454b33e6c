# a recommended package comes along; one that conflicts with what is asked for not
repo system 0 testtags <inline>
#>=Ver: 3.0
repo available 0 testtags <inline>
#>=Ver: 3.0
#>=Pkg: tool 1 1 noarch
#>=Rec: extra
#>=Rec: rival
#>=Pkg: extra 1 1 noarch
#>=Pkg: rival 1 1 noarch
#>=Con: tool
system i686 rpm system
job install name tool
result transaction,problems <inline>
#>install extra-1-1.noarch@available
#>install tool-1-1.noarch@available
nextjob
job install name tool
job install name rival
result transaction,problems <inline>
#>problem 8f7e4b5d info package rival-1-1.noarch conflicts with tool provided by tool-1-1.noarch
