FROM rayproject/ray:2.60.0
CMD ["ray", "start", "--head", "--block", "--dashboard-host=127.0.0.1"]
