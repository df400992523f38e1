module syncd

go 1.26
