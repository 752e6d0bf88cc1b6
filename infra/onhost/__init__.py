"""What runs on the EC2 host, carried by the bundle: Debian's Python, AWS CLI and Docker only."""
